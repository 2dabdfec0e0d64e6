//! Products to downloads.

use std::collections::{HashMap, HashSet};

use reqwest::Url;

use super::bad_link::BadLink;
use super::name::ImageName;

/// Maximum bytes of a link, more than servers accept.
const MAX_LINK_BYTES: usize = 4096;

/// The image links of one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProductLinks {
    /// The product that the images show.
    pub(crate) product_id: String,
    /// Its category, which names the folder.
    pub(crate) category: Option<String>,
    /// Links of its images, `http://` or `https://`.
    pub(crate) image_links: Vec<String>,
    /// True if the feed has more links of the product than these.
    pub(crate) has_more_links: bool,
}

/// One image to download.
#[derive(Debug, Clone)]
pub(crate) struct ImageLink {
    /// The product that it shows.
    pub(crate) product_id: String,
    /// The address of the image.
    pub(crate) url: Url,
    /// Where it belongs in the catalog.
    pub(crate) name: ImageName,
}

/// What to download for a feed.
#[derive(Debug, Default)]
pub(crate) struct FetchPlan {
    /// The images, each link once.
    pub(crate) links: Vec<ImageLink>,
    /// Links that cannot be used.
    pub(crate) unusable: Vec<BadLink>,
    /// Links of an earlier product.
    pub(crate) shared: Vec<BadLink>,
    /// Products with more links in the feed than are planned: none of their images is outdated for certain.
    pub(crate) incomplete: HashSet<String>,
}

impl FetchPlan {
    /// Plans the downloads of the products. A link of several products belongs to the first of them, because one image
    /// shows one product.
    pub(crate) fn new(products: impl IntoIterator<Item = ProductLinks>) -> Self {
        let mut plan = Self::default();
        let mut owners: HashMap<Url, String> = HashMap::new();
        for product in products {
            if product.has_more_links {
                plan.incomplete.insert(product.product_id.clone());
            }
            let mut own = HashSet::new();
            for text in &product.image_links {
                let bad = |reason: String| BadLink {
                    product_id: product.product_id.clone(),
                    link: text.clone(),
                    reason,
                };
                let url = match parse(text) {
                    Ok(url) => url,
                    Err(reason) => {
                        plan.unusable.push(bad(reason));
                        continue;
                    }
                };
                if !own.insert(url.clone()) {
                    continue;
                }
                if let Some(owner) = owners.get(&url) {
                    let reason = format!("the link belongs to product {owner:?} already");
                    plan.shared.push(bad(reason));
                    continue;
                }
                owners.insert(url.clone(), product.product_id.clone());
                plan.links.push(ImageLink {
                    name: ImageName::new(&product.product_id, product.category.as_deref(), &url),
                    product_id: product.product_id.clone(),
                    url,
                });
            }
        }
        plan
    }

    /// Returns the hashes of the names of all images.
    pub(crate) fn hashes(&self) -> HashSet<&str> {
        self.links.iter().map(|link| link.name.hash()).collect()
    }
}

/// Parses a link; the part after `#` is for browsers and not sent to servers.
fn parse(text: &str) -> Result<Url, String> {
    if text.len() > MAX_LINK_BYTES {
        return Err(format!(
            "the link is longer than {MAX_LINK_BYTES} bytes: shorten it"
        ));
    }
    let fault = |text: &str| Err(text.to_owned());
    let Ok(mut url) = Url::parse(text.trim()) else {
        return fault("this is not a link: write https:// and the whole address");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fault("only links that begin with http:// or https:// can be fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault("links with a user name or password are not supported: leave them out");
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn product(id: &str, links: &[&str]) -> ProductLinks {
        ProductLinks {
            product_id: id.to_owned(),
            category: None,
            image_links: links.iter().map(|link| (*link).to_owned()).collect(),
            has_more_links: false,
        }
    }

    #[test]
    fn a_link_of_several_products_belongs_to_the_first() {
        let plan = FetchPlan::new([
            product(
                "a",
                &["http://s/1.jpg", "HTTP://S/1.jpg#zoom", "http://s/2.jpg"],
            ),
            product("b", &["http://s:80/2.jpg", "http://s/3.jpg"]),
        ]);
        let planned: Vec<(&str, &str)> = plan
            .links
            .iter()
            .map(|link| (link.product_id.as_str(), link.url.path()))
            .collect();
        assert_eq!(planned, [("a", "/1.jpg"), ("a", "/2.jpg"), ("b", "/3.jpg")]);
        assert_eq!(plan.shared.len(), 1);
        assert_eq!(plan.shared[0].product_id, "b");
        assert!(plan.shared[0].reason.contains("\"a\""));
        assert!(plan.unusable.is_empty());
    }

    #[test]
    fn links_that_cannot_be_fetched_are_listed() {
        let long = format!("http://s/{}", "x".repeat(MAX_LINK_BYTES));
        let plan = FetchPlan::new([product(
            "a",
            &["ftp://s/1.jpg", "https://", "http://me:pw@s/1.jpg", &long],
        )]);
        assert!(plan.links.is_empty());
        let reasons: Vec<&str> = plan
            .unusable
            .iter()
            .map(|bad| bad.reason.as_str())
            .collect();
        for (reason, part) in reasons
            .iter()
            .zip(["only", "not a link", "password", "longer"])
        {
            assert!(reason.contains(part), "{reason}");
        }
        assert_eq!(reasons.len(), 4);
    }
}
