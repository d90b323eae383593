"""Parts of the delivery that can be looked at alone."""
