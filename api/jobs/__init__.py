"""Work that goes on when nobody is asking: due rows, the queue, mails to send, and keeping only what may be kept."""
