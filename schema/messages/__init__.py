"""One shape of a conversation for all senders: messages, their parts, the tools offered.

`shapes` recognises what frameworks and providers send, `parts` makes the parts, `flattened` and `records` read
messages that came as indexed attributes or as events, `conversation` puts input and output together.
A new shape of messages goes to `shapes` or `parts`, never into a page.
"""
