//! Pages of lists. A token holds the position after the page and a hash of the question, so that it fits no other question.

use chain::Hash;
use prost::{Message, Name};
use proto::ledger::v1 as wire;

use crate::index::View;
use crate::problem::{Invalid, Problem};

/// Page size, if the request does not set it.
const DEFAULT: usize = 50;

/// Largest page size.
pub const MOST: usize = 1000;

/// Bytes of the hash in a token: enough to notice a mistake; a forger harms only himself.
const BINDING_BYTES: usize = 8;

/// A request for a page of a list.
pub trait Paged: Message + Name {
    /// Takes page_size and page_token out: the rest is the question, the same for all pages.
    fn take_page(&mut self) -> (u32, String);
}

macro_rules! paged {
    ($($request:ident),* $(,)?) => {
        $(impl Paged for wire::$request {
            fn take_page(&mut self) -> (u32, String) {
                (std::mem::take(&mut self.page_size), std::mem::take(&mut self.page_token))
            }
        })*
    };
}

paged!(
    ListAuditFindingsRequest,
    ListBlocksRequest,
    ListRecordsRequest,
    ListPendingRequest,
    ListCandidatesRequest,
    ListAccountEntriesRequest,
    ListMinersRequest,
);

/// The requested page.
pub struct Page {
    /// Most rows in it.
    pub limit: usize,
    position: Option<Vec<u8>>,
    binding: [u8; BINDING_BYTES],
}

/// Resolves the page size of a request.
pub fn limit(page_size: u32) -> usize {
    match page_size as usize {
        0 => DEFAULT,
        size => size.min(MOST),
    }
}

impl Page {
    /// Takes the page out of a request.
    pub fn of(view: &View, request: &mut impl Paged) -> Result<Page, Problem> {
        Self::on(&view.chain_id(), request)
    }

    fn on<R: Paged>(chain_id: &Hash, request: &mut R) -> Result<Page, Problem> {
        let (size, token) = request.take_page();
        let mut question = chain_id.0.to_vec();
        question.extend_from_slice(R::full_name().as_bytes());
        question.push(0);
        request.encode(&mut question).expect("a vector grows");
        let hash = Hash::of(&question);
        let binding = *hash
            .0
            .first_chunk()
            .expect("a hash is longer than its beginning");
        let position = match token.as_str() {
            "" => None,
            token => {
                let bytes = hex::decode(token).map_err(|_| Invalid::PageToken)?;
                let position = bytes.strip_prefix(&binding).ok_or(Invalid::PageToken)?;
                Some(position.to_vec())
            }
        };
        Ok(Page {
            limit: limit(size),
            position,
            binding,
        })
    }

    /// Position at which the page begins; `None`: the first page.
    pub fn position(&self) -> Option<&[u8]> {
        self.position.as_deref()
    }

    /// The same for lists whose positions are numbers.
    pub fn number(&self) -> Result<Option<u64>, Problem> {
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes);
        let position = self.position().map(number).transpose();
        position.map_err(|_| Invalid::PageToken.into())
    }

    /// The token of the page that begins at `next`; empty: there is none.
    pub fn token(&self, next: Option<&[u8]>) -> String {
        let Some(next) = next else {
            return String::new();
        };
        hex::encode([&self.binding, next].concat())
    }

    /// The same for numbers.
    pub fn token_of(&self, next: Option<u64>) -> String {
        self.token(next.map(u64::to_be_bytes).as_ref().map(|bytes| &bytes[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(miner: &str, size: u32, token: &str) -> wire::ListBlocksRequest {
        wire::ListBlocksRequest {
            miner: miner.into(),
            page_size: size,
            page_token: token.into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_token_fits_the_question_it_was_given_for_and_no_other() {
        let chain = Hash::of(b"chain");
        let page = Page::on(&chain, &mut request("alice", 10, "")).unwrap();
        assert_eq!((page.limit, page.number().unwrap()), (10, None));
        let token = page.token_of(Some(77));
        let next = Page::on(&chain, &mut request("alice", 20, &token)).unwrap();
        assert_eq!((next.limit, next.number().unwrap()), (20, Some(77)));

        for (chain, mut other) in [
            (chain, request("bob", 10, &token)),
            (chain, request("alice", 10, &token[2..])),
            (chain, request("alice", 10, "rubbish")),
            (Hash::of(b"other"), request("alice", 10, &token)),
        ] {
            let page = Page::on(&chain, &mut other);
            assert!(matches!(page, Err(Problem::Invalid(Invalid::PageToken))));
        }
        let short = page.token(Some(&[1, 2]));
        let page = Page::on(&chain, &mut request("alice", 10, &short)).unwrap();
        assert!(matches!(
            page.number(),
            Err(Problem::Invalid(Invalid::PageToken))
        ));
        let mut list = wire::ListCandidatesRequest {
            page_token: token,
            ..Default::default()
        };
        assert!(Page::on(&chain, &mut list).is_err());
        assert_eq!(page.token_of(None), "");
    }

    #[test]
    fn sizes_have_a_default_and_a_bound() {
        assert_eq!(
            [0, 1, 1000, 1001, u32::MAX].map(limit),
            [50, 1, 1000, 1000, 1000]
        );
    }
}
