"""What is written in place of a finding: operators, merged matches, splices.

A new action of the policy (beside replace, mask, pseudonym, drop, keep) goes to `operators`.
"""
