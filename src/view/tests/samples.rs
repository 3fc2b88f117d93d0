//! The pictures of graphs on which the crate `chainrule-picture` tests its layout and its exporters.

use crate::graph::NodeId;
use crate::picture::Level;
use crate::view::recordings::{net_of_graph, sigmoid};
use std::path::Path;

#[test]
fn the_samples_of_pictures_are_what_graphs_give() {
    let samples = [
        ("g_sigmoid", sigmoid()),
        ("g_net", net_of_graph(|b, _| b, false)),
        ("g_layers", net_of_graph(|b, _| b.level(Level::Layers), false)),
        ("g_backward", net_of_graph(|b, _| b, true)),
        ("g_backward_layers", net_of_graph(|b, _| b.level(Level::Layers), true)),
        ("g_around", net_of_graph(|b, _| b.around(NodeId::new(5), 1), false)),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/picture/src/samples");
    for (name, picture) in samples {
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("CHAINRULE_REFRESH").is_some() {
            std::fs::write(&path, picture.to_json()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), picture.to_json(), "{name}");
    }
}
