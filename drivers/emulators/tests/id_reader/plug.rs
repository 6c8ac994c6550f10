//! The cable.

use super::super::*;
