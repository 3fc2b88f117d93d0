//! Training that goes wrong says so: labels, numbers that are not finite, optimisers, runs that fail on the way.
