"""How a pipeline is put together: from addresses, words and variables to stores and encoders."""
