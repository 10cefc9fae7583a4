"""Fixtures of the experiments' tests."""

import fake

maker = fake.maker
