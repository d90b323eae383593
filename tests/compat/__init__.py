"""Drop-ins for the collectors before us, against what these did themselves."""
