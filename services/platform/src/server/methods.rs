//! The methods of the public contract, by path: what a metric's label may be.
//! Invariant: a path that somebody made up becomes "other", so that no caller can multiply metrics.

use std::collections::HashSet;
use std::sync::LazyLock;

use prost::Message;
use prost_types::FileDescriptorSet;

static SERVICES: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(|| {
    let sets = [proto::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET];
    let files = sets.iter().filter_map(|set| FileDescriptorSet::decode(*set).ok()).flat_map(|set| set.file);
    files
        .flat_map(|file| {
            let package = file.package().to_owned();
            file.service.into_iter().map(move |service| {
                let name = format!("{package}.{}", service.name());
                let paths =
                    service.method.iter().map(|method| format!("/{name}/{}", method.name())).collect();
                (name, paths)
            })
        })
        .collect()
});

static PATHS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| SERVICES.iter().flat_map(|(_, paths)| paths.iter().map(String::as_str)).collect());

/// The path itself where it is a method of ours, else "other".
pub(super) fn label(path: &str) -> &'static str {
    PATHS.get(path).copied().unwrap_or("other")
}

/// Those of the services that the contract describes.
pub(super) fn described(names: &[&'static str]) -> impl Iterator<Item = &'static str> {
    names.iter().copied().filter(|name| SERVICES.iter().any(|(known, _)| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_path_is_other() {
        let feed = "/throughline.log.v1.FeedService/ReadFeed";
        assert_eq!(label(feed), feed);
        assert_eq!(label("/grpc.health.v1.Health/Check"), "/grpc.health.v1.Health/Check");
        assert_eq!(label("/throughline.log.v1.FeedService/Anything"), "other");
        let names: Vec<_> = described(&["throughline.log.v1.FeedService", "example.v1.Own"]).collect();
        assert_eq!(names, ["throughline.log.v1.FeedService"]);
    }
}
