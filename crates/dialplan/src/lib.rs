//! Floor 1: what a dialled number means.
