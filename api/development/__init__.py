"""The same platform on one machine, with everything it needs beside it: for `make dev` and `make demo`."""
