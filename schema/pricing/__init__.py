"""What a call costs: token usage, price lists, tariffs, and which calls count.

Money is Decimal USD; a price that is not known is None, never 0. `usage` holds the token kinds, `prices` finds the
price of a call (policy before public list), `tariffs` computes, `real_calls` picks the calls that are not counted
twice, `charge` writes the cost on spans.
A new kind of tokens goes to `usage` and `tariffs`, a new source of prices to `prices`.
"""
