//! Merkle trees as in [RFC 6962](https://www.rfc-editor.org/rfc/rfc6962#section-2): proofs that an entry is in a
//! log, and that a longer log begins with a shorter one.
//!
//! Leaves are hashed behind a zero byte, inner nodes behind a one byte, so that neither can pass for the other.

use serde::{Deserialize, Serialize};

use super::Digest;

/// Hashes the data of a leaf.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], data])
}

/// Hashes two neighbouring nodes into their parent.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The size and the root of a tree: all that a proof is checked against. Take both from one signed checkpoint,
/// since a root alone does not fix the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: u64,
    /// Hash of the root.
    pub root: Digest,
}

/// The right border of a tree: enough to add leaves and to know the root, at most 64 hashes however large the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, from the largest at the left to the smallest at the right.
    // INVARIANT: one for each bit that is set in `size`.
    nodes: Vec<Digest>,
}

impl Frontier {
    /// The border of an empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up a border that was kept elsewhere. Nothing if the number of nodes does not fit the size.
    #[must_use]
    pub fn from_nodes(size: u64, nodes: Vec<Digest>) -> Option<Self> {
        (nodes.len() == size.count_ones() as usize).then_some(Self { size, nodes })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, from left to right.
    #[must_use]
    pub fn nodes(&self) -> &[Digest] {
        &self.nodes
    }

    /// Adds a leaf, given its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.nodes.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The root. That of an empty tree is the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut from_the_right = self.nodes.iter().rev();
        let Some(last) = from_the_right.next() else { return Digest::of_parts(&[]) };
        from_the_right.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Size and root together.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }
}

/// Proof that a leaf stands at one place of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// Place of the leaf, from zero. The entry with sequence number `n` stands at `n - 1`.
    pub index: u64,
    /// The siblings on the way from the leaf to the root.
    pub path: Vec<Digest>,
}

/// Proof that a tree begins with the leaves of a smaller one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyProof {
    /// The nodes from which both roots can be built.
    pub path: Vec<Digest>,
}

/// Where perfect subtrees are kept: given level and index, the root of the `2^level` leaves from `index * 2^level`.
///
/// A slice of leaf hashes is one, computing what it does not hold; a host with a large log keeps the nodes.
pub trait Nodes {
    /// The root of a perfect subtree, if it is known.
    fn node(&self, level: u32, index: u64) -> Option<Digest>;
}

impl Nodes for [Digest] {
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        let length = 1_usize.checked_shl(level)?;
        let start = usize::try_from(index).ok()?.checked_mul(length)?;
        let mut tree = Frontier::new();
        self.get(start..start.checked_add(length)?)?.iter().for_each(|leaf| tree.push(*leaf));
        Some(tree.root())
    }
}

/// The size and root of the first `size` leaves. Nothing if nodes are missing.
#[must_use]
pub fn tree_head<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Option<TreeHead> {
    let root = if size == 0 { Frontier::new().root() } else { range_root(nodes, 0, size)? };
    Some(TreeHead { size, root })
}

/// Proves that the leaf at `index` is among the first `size` leaves. Nothing if it is not, or nodes are missing.
#[must_use]
pub fn prove_inclusion<N: Nodes + ?Sized>(nodes: &N, index: u64, size: u64) -> Option<InclusionProof> {
    if index >= size {
        return None;
    }
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Some(InclusionProof { index, path })
}

/// Proves that the first `new` leaves begin with the first `old`. Nothing if `old` is larger, or nodes are missing.
#[must_use]
pub fn prove_consistency<N: Nodes + ?Sized>(nodes: &N, old: u64, new: u64) -> Option<ConsistencyProof> {
    if old > new {
        return None;
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Some(ConsistencyProof { path });
    }
    let (mut start, mut end) = (0, new);
    // Walk down to the place where the old tree ends, keeping what lies beside the way.
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    // The verifier knows this subtree already if it is the whole old tree.
    if start != 0 {
        path.push(range_root(nodes, start, end)?);
    }
    path.reverse();
    Some(ConsistencyProof { path })
}

impl InclusionProof {
    /// Says whether a leaf with this hash stands at [`Self::index`] of the tree.
    #[must_use]
    pub fn verify(&self, leaf: &Digest, tree: &TreeHead) -> bool {
        if self.index >= tree.size {
            return false;
        }
        let (mut place, mut last, mut node) = (self.index, tree.size - 1, *leaf);
        for sibling in &self.path {
            if last == 0 {
                return false;
            }
            if place & 1 == 1 || place == last {
                node = node_hash(sibling, &node);
                while place & 1 == 0 && place != 0 {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                node = node_hash(&node, sibling);
            }
            place >>= 1;
            last >>= 1;
        }
        last == 0 && node == tree.root
    }
}

impl ConsistencyProof {
    /// Says whether the tree `new` begins with the leaves of the tree `old`.
    #[must_use]
    pub fn verify(&self, old: &TreeHead, new: &TreeHead) -> bool {
        if old.size > new.size {
            return false;
        }
        if old.size == new.size {
            return self.path.is_empty() && old.root == new.root;
        }
        if old.size == 0 {
            return self.path.is_empty() && old.root == Frontier::new().root();
        }
        let mut path = self.path.iter();
        let first = if old.size.is_power_of_two() { Some(&old.root) } else { path.next() };
        let Some(first) = first else { return false };
        let shared = (old.size - 1).trailing_ones();
        let (mut place, mut last) = ((old.size - 1) >> shared, (new.size - 1) >> shared);
        let (mut old_node, mut new_node) = (*first, *first);
        for sibling in path {
            if last == 0 {
                return false;
            }
            if place & 1 == 1 || place == last {
                old_node = node_hash(sibling, &old_node);
                new_node = node_hash(sibling, &new_node);
                while place & 1 == 0 && place != 0 {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                new_node = node_hash(&new_node, sibling);
            }
            place >>= 1;
            last >>= 1;
        }
        last == 0 && old_node == old.root && new_node == new.root
    }
}

/// Size of the left part of a tree: the largest power of two below `size`, which is at least two.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root over the leaves from `start` to before `end`, where `start` lies on a border of its perfect subtrees.
fn range_root<N: Nodes + ?Sized>(nodes: &N, start: u64, end: u64) -> Option<Digest> {
    let size = end - start;
    if size.is_power_of_two() {
        let level = size.ilog2();
        return nodes.node(level, start >> level);
    }
    let middle = start + split(size);
    Some(node_hash(&range_root(nodes, start, middle)?, &range_root(nodes, middle, end)?))
}

#[cfg(test)]
mod tests;
