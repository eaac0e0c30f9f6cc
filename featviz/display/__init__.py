"""Blocks on a page: one way to show them, for the gallery and for a person who is asked about them.

``views.view`` cuts a block to the room there is, ``markup.environment`` holds the template ``blocks.html.j2`` that
writes it down, and ``assets/blocks.css`` says how it looks. Text from outside is escaped and made visible on the way.
"""
