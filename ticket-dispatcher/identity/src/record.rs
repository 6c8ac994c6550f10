//! Which cell a sealed record belongs to.

/// First byte of a sealed record.
pub(crate) const FORMAT_1: u8 = 0x01;

/// Bytes that sealing adds: format 1, key id 2, nonce 12, tag 16.
pub const RECORD_OVERHEAD: usize = 1 + 2 + 12 + 16;

/// A cell of the database. A record that is moved to another row, column or table no longer opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId<'a> {
    /// Table, a fixed word of ours.
    pub table: &'static str,
    /// Column, a fixed word of ours.
    pub column: &'static str,
    /// Primary key of the row, as stored.
    pub row: &'a [u8],
}

impl RowId<'_> {
    /// `table ‖ column ‖ row id`. Tables and columns are constants of the code, so the bare concatenation is unique.
    pub(crate) fn associated_data(&self) -> Vec<u8> {
        [self.table.as_bytes(), self.column.as_bytes(), self.row].concat()
    }
}
