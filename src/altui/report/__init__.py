"""What the commands print for people: plain text, aligned, no colour needed."""
