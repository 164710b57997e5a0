"""Changes that an operator asks for: price again, delete a person's runs, keep a drill's results.

Each leaves a row with the time and the change.
"""
