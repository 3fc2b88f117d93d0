use chainrule::picture::*;
#[path="graphs.rs"] #[allow(dead_code)] mod graphs;
#[path="compare/measure.rs"] #[allow(dead_code)] mod measure;
fn main(){
  let dir=std::env::args().nth(1).unwrap();
  std::fs::create_dir_all(&dir).unwrap();
  for (name,p) in graphs::pictures().unwrap(){
    let s=Sizes::of(&p);
    let a=Dagre::default().lay_out(&p,&s); let b=Layered::default().lay_out(&p,&s);
    for (w,d) in [("dagre",&a),("ours ",&b)]{ let f=measure::Figures::of(&p,d);
      println!("{name:28} {w} x{:3} thr{:2} struck{:2} turns{:6.1} len{:7.1} area{:7.1} {}x{}",f.crossings,f.through,f.struck,f.turns,f.length,f.area,d.width,d.height);}
    std::fs::write(format!("{dir}/{name}.svg"),p.to_svg_with(&Layered::default())).unwrap();
  }
}
