"""Pages for everybody, shown without any cookie: what this is, the privacy policy, the data register."""
