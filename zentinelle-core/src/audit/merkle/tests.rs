use super::*;

/// The leaves of the tree that Certificate Transparency's implementations test each other with.
fn reference_leaves() -> Vec<Digest> {
    let long: Vec<u8> = (0x60..=0x6f).collect();
    let data: [&[u8]; 8] = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", &long];
    data.into_iter().map(leaf_hash).collect()
}

fn hex(text: &str) -> Digest {
    text.parse().expect("digest")
}

#[test]
fn roots_are_those_of_the_reference_tree() {
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let leaves = reference_leaves();
    let mut frontier = Frontier::new();
    for (size, root) in (0_u64..).zip(roots) {
        assert_eq!(tree_head(leaves.as_slice(), size), Some(TreeHead { size, root: hex(root) }));
        assert_eq!(frontier.head(), TreeHead { size, root: hex(root) });
        leaves.get(size as usize).into_iter().for_each(|leaf| frontier.push(*leaf));
    }
}

#[test]
fn proofs_are_those_of_the_reference_tree() {
    let leaves = reference_leaves();
    let inclusion = prove_inclusion(leaves.as_slice(), 0, 8).expect("proof");
    let expected = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(inclusion.path, expected.map(hex));
    let consistency = prove_consistency(leaves.as_slice(), 6, 8).expect("proof");
    let expected = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(consistency.path, expected.map(hex));
}

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn spoilt(digest: &Digest, byte: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[byte % 32] ^= 1;
    Digest::from_bytes(bytes)
}

/// Every way to change a path a little: one byte of each node, a node less, a node more.
fn damaged(path: &[Digest]) -> impl Iterator<Item = Vec<Digest>> {
    let bytes = (0..path.len() * 32).map(|at| {
        let mut path = path.to_vec();
        path[at / 32] = spoilt(&path[at / 32], at);
        path
    });
    let shorter = path.split_last().map(|(_, rest)| rest.to_vec());
    let longer = [path, &[leaf_hash(b"more")]].concat();
    bytes.chain(shorter).chain([longer])
}

#[test]
fn inclusion_holds_for_every_leaf_up_to_64_and_for_nothing_else() {
    let leaves = leaves(64);
    for size in 1..=64 {
        let tree = tree_head(leaves.as_slice(), size).expect("head");
        for index in 0..size {
            let proof = prove_inclusion(leaves.as_slice(), index, size).expect("proof");
            let leaf = &leaves[index as usize];
            assert!(proof.verify(leaf, &tree), "{index} of {size}");
            assert!(!proof.verify(&spoilt(leaf, index as usize), &tree));
            assert!(!proof.verify(leaf, &TreeHead { root: spoilt(&tree.root, index as usize), ..tree }));
            for other in (0..=size).filter(|other| *other != index) {
                assert!(!InclusionProof { index: other, ..proof.clone() }.verify(leaf, &tree), "{other} for {index}");
            }
            if size % 7 == 0 || size > 62 {
                assert!(damaged(&proof.path).all(|path| !InclusionProof { path, index }.verify(leaf, &tree)));
            }
        }
        assert_eq!(prove_inclusion(leaves.as_slice(), size, size), None);
    }
    assert_eq!(prove_inclusion(leaves.as_slice(), 3, 65), None, "a leaf is missing");
}

#[test]
fn consistency_holds_for_every_pair_of_sizes_up_to_64_and_for_nothing_else() {
    let leaves = leaves(64);
    let heads: Vec<_> = (0..=64).map(|size| tree_head(leaves.as_slice(), size).expect("head")).collect();
    for new in 0..=64 {
        for old in 0..=new {
            let proof = prove_consistency(leaves.as_slice(), old, new).expect("proof");
            let (before, after) = (&heads[old as usize], &heads[new as usize]);
            assert!(proof.verify(before, after), "{old} to {new}");
            assert!(!proof.verify(&TreeHead { root: spoilt(&before.root, 3), ..*before }, after), "{old} to {new}");
            if old > 0 {
                assert!(!proof.verify(before, &TreeHead { root: spoilt(&after.root, 3), ..*after }), "{old} to {new}");
            }
            if old % 7 == 5 || new > 62 {
                assert!(damaged(&proof.path).all(|path| !ConsistencyProof { path }.verify(before, after)));
            }
        }
    }
    assert_eq!(prove_consistency(leaves.as_slice(), 3, 2), None);
    assert!(!ConsistencyProof { path: Vec::new() }.verify(&heads[3], &heads[2]));
}

#[test]
fn a_frontier_is_taken_up_where_it_was_left() {
    let mut frontier = Frontier::new();
    for (size, leaf) in (0..).zip(leaves(40)) {
        frontier = Frontier::from_nodes(size, frontier.nodes().to_vec()).expect("frontier");
        frontier.push(leaf);
    }
    assert_eq!(Some(frontier.head()), tree_head(leaves(40).as_slice(), 40));
    assert_eq!(Frontier::from_nodes(3, vec![leaf_hash(b"")]), None);
}
