use super::*;

pub(crate) fn sample() -> Preprocessing {
    Preprocessing {
        resize: Resize::ShortestEdge(256),
        filter: Filter::Bicubic,
        width: 224,
        height: 224,
        rescale: 1.0,
        mean: [127.0; 3],
        deviation: [128.0; 3],
        channels: ChannelOrder::Rgb,
        layout: Layout::ChannelsFirst,
        trim: false,
        code: CODE_VERSION,
    }
}

#[test]
fn every_value_and_the_model_change_the_fingerprint() {
    let base = sample();
    let mut prints = vec![base.fingerprint([0; 32]), base.fingerprint([1; 32])];
    for other in [
        Preprocessing {
            code: 1,
            ..base.clone()
        },
        Preprocessing {
            resize: Resize::Keep,
            ..base.clone()
        },
        Preprocessing {
            resize: Resize::ShortestEdge(255),
            ..base.clone()
        },
        Preprocessing {
            resize: Resize::Exact {
                width: 256,
                height: 0,
            },
            ..base.clone()
        },
        Preprocessing {
            filter: Filter::Bilinear,
            ..base.clone()
        },
        Preprocessing {
            width: 225,
            ..base.clone()
        },
        Preprocessing {
            height: 225,
            ..base.clone()
        },
        Preprocessing {
            rescale: 0.5,
            ..base.clone()
        },
        Preprocessing {
            mean: [127.0, 127.0, 126.0],
            ..base.clone()
        },
        Preprocessing {
            deviation: [127.0, 128.0, 128.0],
            ..base.clone()
        },
        Preprocessing {
            channels: ChannelOrder::Bgr,
            ..base.clone()
        },
        Preprocessing {
            layout: Layout::ChannelsLast,
            ..base.clone()
        },
        Preprocessing {
            trim: true,
            ..base.clone()
        },
    ] {
        prints.push(other.fingerprint([0; 32]));
    }
    let different: std::collections::HashSet<_> = prints.iter().collect();
    assert_eq!(different.len(), prints.len());
    assert_eq!(prints[0], sample().fingerprint([0; 32]));
}
