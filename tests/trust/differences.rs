//! Right gradients that differences find hard: mixed scales, saturation, high frequencies, values held constant, kinks.
