"""A shared folder that masks are dropped into: taken in when whole, and answered there."""
