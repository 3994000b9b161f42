"""The site. Each of our processes imports this before the rest."""

import gc

# Loading makes half a million objects and no garbage: looking for it after every 700, as is usual, takes a tenth of the
# start.
gc.set_threshold(10_000, 20, 50)
