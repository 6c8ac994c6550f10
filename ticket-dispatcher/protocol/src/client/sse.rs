//! Server-sent events from bytes in any chunking. Pure.

use std::collections::VecDeque;

/// Longest event that is kept; a snapshot of a big hall is some 20 KiB.
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SseEvent {
    /// `event:`, or `message`.
    pub name: String,
    /// `id:`, if there was one.
    pub id: Option<String>,
    /// `data:` lines, joined by newlines.
    pub data: String,
}

/// Turns bytes into events, as the HTML standard says; comments and unknown fields are skipped.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    after_cr: bool,
    name: String,
    id: Option<String>,
    data: Option<String>,
    ready: VecDeque<SseEvent>,
}

impl SseParser {
    /// Takes bytes; false when an event grew beyond every limit and the stream cannot be trusted any more.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let lf_of_crlf = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            match byte {
                b'\n' if lf_of_crlf => {}
                b'\n' | b'\r' => self.end_line(),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > EVENT_BYTES_MAX {
                return false;
            }
        }
        true
    }

    /// True when an event is complete.
    pub fn has_event(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next complete event.
    pub fn next_event(&mut self) -> Option<SseEvent> {
        self.ready.pop_front()
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if line.is_empty() {
            self.dispatch();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = value.to_string(),
            "id" => self.id = Some(value.to_string()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_string()),
            },
            _ => {} // a comment has an empty field name
        }
    }

    fn dispatch(&mut self) {
        let name = std::mem::take(&mut self.name);
        let Some(data) = self.data.take() else {
            return;
        };
        let name = if name.is_empty() { "message".to_string() } else { name };
        let id = self.id.take();
        self.ready.push_back(SseEvent { name, id, data });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> Vec<SseEvent> {
        let mut parser = SseParser::default();
        for chunk in chunks {
            assert!(parser.feed(chunk));
        }
        std::iter::from_fn(|| parser.next_event()).collect()
    }

    const STREAM: &[u8] =
        ": 你好\n\nevent: snapshot\nid: 7\ndata: {\"a\":\ndata: 1}\n\r\nid: 8\r\ndata:x\r\n\r\ndata\n\n".as_bytes();

    #[test]
    fn fields_comments_and_line_ends_follow_the_standard() {
        let found = events(&[STREAM]);
        let event = |name: &str, id: Option<&str>, data: &str| SseEvent {
            name: name.to_string(),
            id: id.map(str::to_string),
            data: data.to_string(),
        };
        let expected = [
            event("snapshot", Some("7"), "{\"a\":\n1}"),
            event("message", Some("8"), "x"),
            event("message", None, ""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_endless_line_is_given_up() {
        let mut parser = SseParser::default();
        let line = vec![b'x'; 700_000];
        assert!(parser.feed(&line));
        assert!(!parser.feed(&line));
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(cuts in prop::collection::vec(0usize..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.push(0);
            cuts.push(STREAM.len());
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &STREAM[w[0]..w[1]]).collect();
            prop_assert_eq!(events(&chunks), events(&[STREAM]));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut parser = SseParser::default();
            parser.feed(&bytes);
            while parser.next_event().is_some() {}
        }
    }
}
