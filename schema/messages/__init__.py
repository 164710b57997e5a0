"""One shape of a conversation for all senders: messages, their parts, the tools offered.

`shapes` recognises what frameworks and providers send, `one_message` reads a message and `blocks` its content,
as `parts`; `fields` keeps what they have no key for. `flattened` and `records` read messages that came as indexed
attributes or as events, `conversation` puts input and output together.
A new shape of messages goes to `shapes`, a new block to `blocks`, never into a page.
"""
