"""A second verifier of Blocklog's chains, written from the format's page alone, to be read in one sitting.

It shares no code with the product: what both say must come from the page. Simple before fast.
"""
