"""What a span is and where it lives: the canonical span, dialects, prices, migrations, store and queries."""
