"""A stand-in for Meta's Graph API with phones on a page. It knows nothing of the product: it only speaks HTTP."""
