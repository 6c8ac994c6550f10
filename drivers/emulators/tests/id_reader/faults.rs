//! Cards and lines that misbehave.

use super::super::*;
