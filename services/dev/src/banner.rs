//! The banner after the start: text for the terminal, JSON for scripts.

use std::net::SocketAddr;

use kit::Service;
use kit::service::reachable;
use serde_json::{Value, json};

use crate::home::Home;

/// Commands to copy, for a shell in the folder of the repository.
const TRY: &str = r#"
Try:

  # Send from a name: on this chain names need no key
  grpcurl -plaintext -d '{"transaction":{"sender":"dave","recipient":"erin","amount":"5"}}' INGEST blocklog.ingest.v1.IngestService/SubmitTransaction

  # Read block 1
  grpcurl -plaintext -H 'x-blocklog-min-height: 1' -d '{"height":"1","withRecords":true}' LEDGER blocklog.ledger.v1.LedgerService/GetBlock

  # Sign with a key, and wait for the block
  cargo run --release --bin blocklog -- tx send --key KEY --to erin --amount 7 --ingest http://INGEST --ledger http://LEDGER
"#;

/// Both forms, for these services and the web pages at `web`.
pub fn compose(home: &Home, services: [&Service; 4], web: SocketAddr) -> (String, Value) {
    let web = format!("http://{}", reachable(web));
    let id = home.genesis.chain_id().to_string();
    let mut text = format!("\nChain {id} is running; Ctrl-C stops it.\n\n  web       {web}\n");
    let mut announcement = json!({
        "pid": std::process::id(), "chainId": id, "journal": home.url.to_string(), "web": web,
        "accounts": home.accounts,
    });
    let mut commands = TRY.to_owned();
    for service in services {
        let name = service.name.trim_start_matches("blocklog-");
        let addresses = [service.grpc_addr, service.admin_addr];
        let [grpc, admin] = addresses.map(|at| reachable(at).to_string());
        text += &format!("  {name:<8}  gRPC {grpc}, admin {admin}\n");
        commands = commands.replace(&name.to_uppercase(), &grpc);
        announcement[name] = json!({ "grpc": grpc, "admin": admin });
    }
    for owner in &home.accounts {
        let (name, key) = (owner.name, owner.key.display().to_string());
        text += &format!("  {name:<8}  {} {key}\n", owner.account);
        commands = commands.replace("KEY", &key);
    }
    (text + &commands, announcement)
}
