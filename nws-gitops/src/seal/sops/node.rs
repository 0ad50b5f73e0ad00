//! A document as SOPS sees it: a tree of texts, in the order in which they are written.

use std::fmt;

use super::ciphertext::Ciphertext;
use crate::manifest::Quoted;

/// A part of a document, with leaves of one kind.
pub(super) enum Node<L> {
    Mapping(Vec<(Key, Self)>),
    Sequence(Vec<Self>),
    Leaf(L),
}

/// The name of a field.
#[derive(Clone)]
pub(super) enum Key {
    /// One that means nothing else in any version of YAML.
    Plain(&'static str),
    Any(String),
}

/// What is written of a text.
pub(super) enum Scalar {
    Clear(String),
    Encrypted(Ciphertext),
}

impl<L> Node<L> {
    /// A mapping whose names are ours.
    pub(super) fn of<const N: usize>(fields: [(&'static str, Self); N]) -> Self {
        Self::Mapping(fields.into_iter().map(|(name, node)| (Key::Plain(name), node)).collect())
    }

    /// The same with each leaf replaced, in order. `replace` is told the names that lead to it; places in a list are not among them.
    pub(super) fn try_map<M, E>(
        &self,
        mut replace: impl FnMut(&[&str], &L) -> Result<M, E>,
    ) -> Result<Node<M>, E> {
        self.descend(&mut Vec::new(), &mut replace)
    }

    fn descend<'a, M, E>(
        &'a self,
        path: &mut Vec<&'a str>,
        replace: &mut impl FnMut(&[&str], &L) -> Result<M, E>,
    ) -> Result<Node<M>, E> {
        match self {
            Self::Mapping(fields) => {
                let field = |(key, node): &'a (Key, Self)| {
                    path.push(key.as_str());
                    let node = node.descend(path, replace)?;
                    path.pop();
                    Ok((key.clone(), node))
                };
                fields.iter().map(field).collect::<Result<_, _>>().map(Node::Mapping)
            }
            Self::Sequence(items) => {
                let items = items.iter().map(|item| item.descend(path, replace));
                items.collect::<Result<_, _>>().map(Node::Sequence)
            }
            Self::Leaf(leaf) => replace(path, leaf).map(Node::Leaf),
        }
    }
}

impl Node<Scalar> {
    /// Its lines.
    fn lines(&self, indent: usize) -> String {
        match self {
            Self::Mapping(fields) => {
                let line = |(key, node): &(Key, Self)| {
                    format!("{:indent$}{key}:{}", "", node.behind_a_key(indent))
                };
                fields.iter().map(line).collect()
            }
            Self::Sequence(items) => {
                // An item begins beside its dash.
                let item = |item: &Self| {
                    format!("{:indent$}- {}", "", item.lines(indent + 2).trim_start())
                };
                items.iter().map(item).collect()
            }
            Self::Leaf(scalar) => format!("{:indent$}{scalar}\n", ""),
        }
    }

    fn behind_a_key(&self, indent: usize) -> String {
        match self {
            Self::Mapping(_) | Self::Sequence(_) => format!("\n{}", self.lines(indent + 2)),
            Self::Leaf(scalar) => format!(" {scalar}\n"),
        }
    }
}

impl fmt::Display for Node<Scalar> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(0))
    }
}

impl Key {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Any(text) => text,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Any(text) => Quoted(text).fmt(f),
        }
    }
}

/// What is encrypted is not quoted: programs that look for it look for `: ENC[`, as SOPS writes it.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear(text) => Quoted(text).fmt(f),
            Self::Encrypted(ciphertext) => ciphertext.fmt(f),
        }
    }
}
