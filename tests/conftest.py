"""What holds for all tests."""

from hypothesis import settings

# `make test` tries the same examples each time, so that a change is what breaks it;
# `make test-all` draws others.
settings.register_profile('fixed', derandomize=True, deadline=None)
settings.register_profile('random', deadline=None)
settings.load_profile('fixed')
