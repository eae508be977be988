//! The packages of one build and how each is used, as plain data.

pub mod build;
mod dependencies;
mod edge;
mod features;
pub mod lockfile;
mod package;
pub mod path;
pub mod through;
pub mod workspace;

pub use edge::{DependencyKind, Edge, Lack, Switch};
pub use package::{Graph, Package, Platform, PlatformSet, Scope, Source, Usage, Yanked};

#[cfg(test)]
pub(crate) mod tests {
    use std::rc::Rc;

    use super::*;

    /// Release 1.0.0 of a package that is no member.
    pub(crate) fn package(name: &str, built: bool) -> Package {
        let scope = if built {
            Scope::Runtime
        } else {
            Scope::Unbuilt
        };
        Package {
            name: name.to_owned(),
            version: "1.0.0".parse().unwrap(),
            source: Rc::new(Source {
                id: None,
                registry: None,
            }),
            member: false,
            yanked: Yanked::No,
            platforms: None,
            usage: Some(Usage {
                scope,
                direct: false,
            }),
            features: None,
        }
    }
}
