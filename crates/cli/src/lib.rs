//! The blocklog command.
