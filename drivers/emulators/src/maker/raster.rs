//! The rows of a picture as it came over the line.

use super::firmware::Picture;

/// The rows of a picture, unpacked where it came packed; none when they are not what was announced.
pub fn rows(picture: &Picture) -> Option<Vec<u8>> {
    let row_bytes = usize::from(picture.width).div_ceil(8);
    let whole = row_bytes * usize::from(picture.height);
    let rows = if picture.packed {
        unpack(&picture.data, row_bytes)?
    } else {
        picture.data.clone()
    };
    (rows.len() == whole).then_some(rows)
}

/// PackBits, each row for itself.
fn unpack(data: &[u8], row_bytes: usize) -> Option<Vec<u8>> {
    let mut rows = Vec::new();
    let mut rest = data;
    while let Some((head, after)) = rest.split_first() {
        let start = rows.len();
        match *head {
            128 => rest = after,
            head @ 0..128 => {
                let count = usize::from(head) + 1;
                rows.extend(after.get(..count)?);
                rest = &after[count..];
            }
            head => {
                let (byte, after) = after.split_first()?;
                rows.extend(std::iter::repeat_n(*byte, 257 - usize::from(head)));
                rest = after;
            }
        }
        let ended = rows.len();
        if start / row_bytes != ended.saturating_sub(1).max(start) / row_bytes {
            return None;
        }
    }
    Some(rows)
}
