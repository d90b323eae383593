"""How each library reads: what one writes first, and the recipe. Run in the readers' environment,
without aiocollect; the page shows the recipes as they stand here."""
