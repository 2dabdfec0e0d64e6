//! Pages of one ranking, and indexes that change meanwhile.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::drawings::stripes;
use crate::support::{Reply, Shop};

const LAST: &str = "/products/p00/similar?min_score=-1";

fn keys(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    let key = |found: &Value| found["image"]["key"].as_str().unwrap().to_owned();
    results.iter().map(key).collect()
}

fn cursor(answer: &Value) -> Option<String> {
    answer["next_cursor"].as_str().map(str::to_owned)
}

/// All pages of a search, by `k` results at a time.
async fn pages(shop: &Shop, path: &str, k: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = String::new();
    loop {
        let reply = shop.get(&format!("{path}&k={k}{next}")).await;
        assert_eq!(reply.status, 200, "{}", reply.json());
        let answer = reply.json();
        pages.push(keys(&answer));
        match cursor(&answer) {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return pages,
        }
        assert!(pages.len() <= 100);
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_ranking() {
    let shop = Shop::colorful().await;
    for options in [
        "",
        "&group_by=image",
        "&images=all",
        "&diversity=0.5",
        "&diversity=1&group_by=image",
        "&collapse=true",
        "&collapse=true&diversity=0.3&group_by=image",
    ] {
        let path = format!("{LAST}{options}");
        let whole = keys(&shop.get(&format!("{path}&k=1000")).await.json());
        for k in [1, 2, 3, 5, 11, 50] {
            let pages = pages(&shop, &path, k).await;
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == k));
            let mut all = pages.concat();
            if options.contains("diversity") {
                // The order also depends on the number of candidates.
                let (mut found, mut expected) = (all.clone(), whole.clone());
                found.sort();
                expected.sort();
                assert_eq!(found, expected, "{options} {k}");
            } else {
                assert_eq!(all, whole, "{options} {k}");
            }
            all.sort();
            all.dedup();
            assert_eq!(
                all.len(),
                whole.len(),
                "{options} {k}: something came twice"
            );
        }
    }
}

#[tokio::test]
async fn pages_may_differ_in_length_and_in_what_they_show() {
    let shop = Shop::colorful().await;
    let first = shop.get(&format!("{LAST}&k=4")).await.json();
    let next = cursor(&first).unwrap();
    let second = shop
        .get(&format!("{LAST}&k=3&fields=&cursor={next}"))
        .await
        .json();
    let whole = shop.get(&format!("{LAST}&k=7")).await.json();
    assert_eq!([keys(&first), keys(&second)].concat(), keys(&whole));
    assert_eq!(second["results"][0]["metadata"], json!({}));
}

#[tokio::test]
async fn an_image_is_paged_by_sending_it_again() {
    let shop = Shop::colorful().await;
    let (picture, other) = (stripes(200, 30, 30), stripes(30, 200, 30));
    let first = shop
        .post("/search?k=5", "image/png", picture.clone())
        .await
        .json();
    let next = cursor(&first).unwrap();
    let path = format!("/search?k=5&cursor={next}");
    let second = shop.post(&path, "image/png", picture.clone()).await.json();
    let whole = shop.post("/search?k=10", "", picture.clone()).await.json();
    assert_eq!([keys(&first), keys(&second)].concat(), keys(&whole));
    for (path, picture) in [
        (path.clone(), other),
        (format!("{path}&min_score=0.1"), picture.clone()),
        (format!("{path}&crop=0,0,10,10"), picture.clone()),
        (format!("{path}&trim=false"), picture),
    ] {
        let detail = shop
            .post(&path, "", picture)
            .await
            .problem(404, "invalid-cursor");
        assert!(detail.contains("another query"), "{detail}");
    }
}

#[tokio::test]
async fn a_cursor_that_was_changed_or_made_up_is_refused() {
    let shop = Shop::colorful().await;
    let first = shop.get(&format!("{LAST}&k=4")).await.json();
    let good = cursor(&first).unwrap();
    let get = async |cursor: &str| -> Reply { shop.get(&format!("{LAST}&cursor={cursor}")).await };
    assert_eq!(get(&good).await.status, 200);
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        get(&changed).await.problem(404, "invalid-cursor");
    }
    let long = "A".repeat(9000);
    for text in [
        "x",
        "%00",
        "a%20b",
        &good[1..],
        &format!("{good}AAAA"),
        &long,
    ] {
        get(text).await.problem(404, "invalid-cursor");
    }
    // A changed cursor with the right checksum.
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&good).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let check = {
        use sha2::Digest;
        sha2::Sha256::digest(&bytes[5..])
    };
    bytes[1..5].copy_from_slice(&check[..4]);
    let forged = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
    let detail = get(&forged).await.problem(404, "invalid-cursor");
    assert!(detail.contains("was changed"), "{detail}");
    // A good cursor of another product.
    let other = format!("/products/p01/similar?min_score=-1&cursor={good}");
    shop.get(&other).await.problem(404, "invalid-cursor");
}

#[tokio::test]
async fn all_pages_are_of_the_generation_of_the_first() {
    let shop = Shop::colorful().await;
    let whole = keys(&shop.get(&format!("{LAST}&k=1000")).await.json());
    let first = shop.get(&format!("{LAST}&k=4")).await.json();
    let next = cursor(&first).unwrap();
    // Several generations, each with an image that would be first.
    for number in 0..3 {
        let key = format!("catalog/new/{number}.png");
        let (r, g, b) = crate::drawings::color(0);
        shop.index(&[(&key, stripes(r, g, b - number))]).await;
        let newest = shop.get(&format!("{LAST}&k=4")).await.json();
        assert!(keys(&newest).contains(&key));
        let second = shop
            .get(&format!("{LAST}&k=1000&cursor={next}"))
            .await
            .json();
        assert_eq!([keys(&first), keys(&second)].concat(), whole);
        assert_eq!(second["index"]["generation"], first["index"]["generation"]);
    }
    // A process that never searched that generation loads it.
    let cold = Shop::over(shop.cloud.clone(), 0, Default::default());
    let second = cold
        .get(&format!("{LAST}&k=1000&cursor={next}"))
        .await
        .json();
    assert_eq!([keys(&first), keys(&second)].concat(), whole);
    assert_eq!(second["index"]["generation"], first["index"]["generation"]);
    // Its manifest is removed before its segments are.
    shop.cloud.forget_generations();
    let colder = Shop::over(shop.cloud.clone(), 0, Default::default());
    let reply = colder.get(&format!("{LAST}&cursor={next}")).await;
    let detail = reply.problem(410, "cursor-expired");
    assert!(detail.contains("without a cursor"), "{detail}");
    // A process whose index is older than the cursor loads the newest.
    let newest = shop.get(&format!("{LAST}&k=4")).await.json();
    let next = cursor(&newest).unwrap();
    let reply = cold.get(&format!("{LAST}&cursor={next}")).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
}

#[tokio::test]
async fn a_generation_may_be_waited_for() {
    let shop = Shop::colorful().await;
    let now = shop.get("/index").await.json()["generation"]
        .as_u64()
        .unwrap();
    for generation in [0, now] {
        let path = format!("{LAST}&min_generation={generation}");
        assert_eq!(shop.get(&path).await.status, 200);
    }
    let path = format!("{LAST}&k=1000&min_generation={}", now + 1);
    let reply = shop.get(&path).await;
    let detail = reply.problem(409, "not-yet-indexed");
    assert_eq!(reply.header("retry-after"), "1");
    assert!(detail.contains(&now.to_string()), "{detail}");
    let far = format!("{LAST}&k=1000&min_generation={}", now + 1_000_000);
    shop.get(&far).await.problem(409, "not-yet-indexed");
    let body = json!({"query": [{"product": "p00"}], "min_generation": now + 1});
    shop.ask(body).await.problem(409, "not-yet-indexed");
    shop.index(&[("catalog/new.png", stripes(1, 2, 3))]).await;
    let answer = shop.get(&path).await.json();
    assert!(keys(&answer).contains(&"catalog/new.png".to_owned()));
}
