//! A list in memory that takes little more space than the differences between its names.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;

/// The size at which a chunk is closed, in bytes. The chunks of a list are released one by one while it is read.
const CHUNK: usize = 64 * 1024;

/// An item of a [`CompactList`].
pub(crate) trait Compact: Sized {
    fn name(&self) -> &str;

    /// Appends everything but the name.
    fn encode(&self, to: &mut Vec<u8>);

    /// Reads what [`encode`](Self::encode) has written.
    fn decode(name: String, from: &mut Decoder<'_>) -> Option<Self>;
}

/// A list of items that are sorted by name.
///
/// A name is stored as the length of what it has in common with the name before it, and the rest. An object with an MD5
/// takes about 35 bytes, whatever the length of its path.
#[derive(Clone, Debug)]
pub(crate) struct CompactList<T> {
    chunks: VecDeque<Arc<[u8]>>,
    last_chunk: Vec<u8>,
    last_name: String,
    length: usize,
    item: PhantomData<fn() -> T>,
}

impl<T: Compact> CompactList<T> {
    pub(crate) fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            last_chunk: Vec::new(),
            last_name: String::new(),
            length: 0,
            item: PhantomData,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn push(&mut self, item: &T) {
        let name = item.name();
        let common = common_prefix(&self.last_name, name);
        let rest = &name[common..];
        put_number(&mut self.last_chunk, common as u64);
        put_bytes(&mut self.last_chunk, rest.as_bytes());
        item.encode(&mut self.last_chunk);
        self.last_name.truncate(common);
        self.last_name.push_str(rest);
        self.length += 1;
        if self.last_chunk.len() >= CHUNK {
            self.chunks.push_back(std::mem::take(&mut self.last_chunk).into());
        }
    }
}

impl<T: Compact> IntoIterator for CompactList<T> {
    type Item = T;
    type IntoIter = CompactIter<T>;

    fn into_iter(mut self) -> Self::IntoIter {
        if !self.last_chunk.is_empty() {
            self.chunks.push_back(self.last_chunk.into());
        }
        CompactIter { chunks: self.chunks, position: 0, name: String::new(), item: PhantomData }
    }
}

/// The items of a [`CompactList`].
#[derive(Debug)]
pub(crate) struct CompactIter<T> {
    chunks: VecDeque<Arc<[u8]>>,
    position: usize,
    name: String,
    item: PhantomData<fn() -> T>,
}

impl<T: Compact> Iterator for CompactIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.chunks.front().is_some_and(|chunk| self.position == chunk.len()) {
            self.chunks.pop_front();
            self.position = 0;
        }
        let chunk = self.chunks.front()?;
        let mut decoder = Decoder(&chunk[self.position..]);
        let common = usize::try_from(decoder.number()?).ok()?;
        self.name.truncate(common);
        self.name.push_str(decoder.text()?);
        let item = T::decode(self.name.clone(), &mut decoder)?;
        self.position = chunk.len() - decoder.0.len();
        Some(item)
    }
}

/// Reads numbers and bytes.
#[derive(Debug)]
pub(crate) struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// Appends a number: seven bits a byte, the lowest ones first.
pub(crate) fn put_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push((number & 0x7f) as u8);
}

/// Appends a number that may be negative. Numbers near zero are short.
pub(crate) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put_number(to, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends bytes with their length.
pub(crate) fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_number(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// The length of the text that both names start with.
fn common_prefix(one: &str, other: &str) -> usize {
    let mut length = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    while !other.is_char_boundary(length) {
        length -= 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Item {
        name: String,
        number: u64,
        signed: i64,
    }

    impl Compact for Item {
        fn name(&self) -> &str {
            &self.name
        }

        fn encode(&self, to: &mut Vec<u8>) {
            put_number(to, self.number);
            put_signed(to, self.signed);
        }

        fn decode(name: String, from: &mut Decoder<'_>) -> Option<Self> {
            Some(Self { name, number: from.number()?, signed: from.signed()? })
        }
    }

    #[test]
    fn items_are_returned_as_they_were_added() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let names = ["", "a", "a/b", "a/bc", "a/\u{e8}", "a/\u{e9}", "a/\u{e9}x", "b"];
        let items: Vec<_> = names
            .iter()
            .zip(numbers.iter().cycle())
            .map(|(name, number)| Item {
                name: (*name).to_owned(),
                number: *number,
                signed: number.cast_signed().wrapping_sub(150),
            })
            .collect();
        let mut list = CompactList::new();
        for item in &items {
            list.push(item);
        }
        assert_eq!(list.len(), items.len());
        assert_eq!(list.clone().into_iter().collect::<Vec<_>>(), items);
        // A copy can be read again, and the list can be continued.
        let mut longer = items.clone();
        longer.push(Item { name: "c".to_owned(), number: 7, signed: i64::MIN });
        list.push(&longer[longer.len() - 1]);
        assert_eq!(list.into_iter().collect::<Vec<_>>(), longer);
    }

    #[test]
    fn long_list_takes_little_memory_and_is_complete() {
        let directory = "a/rather/long/directory/that/all/of/the/names/have/in/common";
        let item = |number: u64| Item { name: format!("{directory}/{number:07}"), number, signed: 0 };
        let mut list = CompactList::new();
        (0..100_000).for_each(|number| list.push(&item(number)));
        let bytes: usize = list.chunks.iter().map(|chunk| chunk.len()).sum();
        assert!(list.chunks.len() > 1 && bytes < 1_000_000, "{bytes}");
        assert!(list.into_iter().eq((0..100_000).map(item)));
    }
}
