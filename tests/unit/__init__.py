"""Each room by itself: a folder for each room of the package, a module for what it promises."""
