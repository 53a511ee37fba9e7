//! Services that answer from the stage, except for the lies, and the real command against them.

use std::any::Any;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::routing::post;
use prost::Message;
use proto::ingest::v1::SubmitTransactionRequest;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::codegen::http;
use tonic::server::Grpc;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::stage::Stage;

type Lie = Arc<dyn Fn(&mut dyn Any) + Send + Sync>;

/// The lies, by method.
#[derive(Clone, Default)]
pub struct Lies(HashMap<&'static str, Lie>);

impl Lies {
    /// Changes each answer of that method.
    pub fn about<A: 'static>(
        mut self,
        method: &'static str,
        lie: impl Fn(&mut A) + Send + Sync + 'static,
    ) -> Self {
        let lie = move |told: &mut dyn Any| {
            let told = told.downcast_mut::<Result<A, Status>>();
            if let Ok(answer) = told.expect("the method answers with that message") {
                lie(answer);
            }
        };
        self.0.insert(method, Arc::new(lie));
        self
    }

    /// Refuses each call of that method, which answers with `A` elsewhere.
    pub fn refusing<A: 'static>(mut self, method: &'static str, status: Status) -> Self {
        let lie = move |told: &mut dyn Any| {
            let told = told.downcast_mut::<Result<A, Status>>();
            *told.expect("the method answers with that message") = Err(status.clone());
        };
        self.0.insert(method, Arc::new(lie));
        self
    }

    fn tell<A: 'static>(&self, method: &str, told: &mut Result<A, Status>) {
        if let Some(lie) = self.0.get(method) {
            lie(told);
        }
    }
}

/// A ledger, an ingest and a miner, each at an address of its own.
pub struct World {
    pub stage: Arc<Stage>,
    pub ledger: String,
    pub ingest: String,
    pub miner: String,
    /// Records that ingest received.
    pub sent: Arc<Mutex<Vec<SubmitTransactionRequest>>>,
    runtime: Runtime,
}

/// The end of a command.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    pub fn honest() -> Self {
        Self::lying(Lies::default())
    }

    pub fn lying(lies: Lies) -> Self {
        Self::of(Stage::new("stage"), lies)
    }

    pub fn of(stage: Stage, lies: Lies) -> Self {
        let stage = Arc::new(stage);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let url = |router| format!("http://{}", serve(&runtime, router));
        Self {
            ledger: url(ledger(&stage, &lies)),
            ingest: url(ingest(&stage, &lies, &sent)),
            miner: url(miner(&stage, &lies)),
            stage,
            sent,
            runtime,
        }
    }

    /// The address of web pages: every reply is HTML.
    pub fn pages(&self) -> String {
        let page = || async { axum::response::Html("<!doctype html>") };
        format!(
            "http://{}",
            serve(&self.runtime, Router::new().fallback(page))
        )
    }

    /// Runs the command against these services, for people.
    pub fn run(&self, words: &[&str]) -> Ended {
        self.run_in(Path::new("."), words)
    }

    /// In a folder, for what it writes.
    pub fn run_in(&self, folder: &Path, words: &[&str]) -> Ended {
        let addresses = [
            "--ledger",
            &self.ledger,
            "--ingest",
            &self.ingest,
            "--miner",
            &self.miner,
        ];
        run(folder, words, &addresses)
    }
}

/// Runs the real command, which for any reply prints no control characters and does not panic.
pub fn run(folder: &Path, words: &[&str], addresses: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blocklog"));
    command.args(words).args(addresses).current_dir(folder);
    for name in ["OUTPUT", "LEDGER", "INGEST", "MINER", "JOURNAL"] {
        command.env_remove(format!("BLOCKLOG_{name}"));
    }
    let done = command.output().expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let ended = Ended {
        code: done.status.code().expect("it ends by itself"),
        out: text(done.stdout),
        err: text(done.stderr),
    };
    let told = format!(
        "{words:?} ended with {}:\n{}{}",
        ended.code, ended.out, ended.err
    );
    assert_ne!(ended.code, 101, "{told}");
    let obeyed = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(
        !ended.out.contains(obeyed) && !ended.err.contains(obeyed),
        "{told:?}"
    );
    ended
}

impl Ended {
    /// The exit code, and words of the error.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) {
        let told = format!("ended with {}:\n{}{}", self.code, self.out, self.err);
        assert_eq!(self.code, code, "{told}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in what {told}");
        }
    }

    /// Success, and words of the output.
    #[track_caller]
    pub fn succeeds(&self, words: &[&str]) {
        let told = format!("ended with {}:\n{}{}", self.code, self.out, self.err);
        assert_eq!(self.code, 0, "{told}");
        for word in words {
            assert!(self.out.contains(word), "{word:?} is not in what {told}");
        }
    }
}

/// On a port of its own, which stays bound.
fn serve(runtime: &Runtime, router: Router) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    runtime.spawn(async { axum::serve(listener, router).await });
    address
}

fn ledger(stage: &Arc<Stage>, lies: &Lies) -> Router {
    const LEDGER: &str = "/blocklog.ledger.v1.LedgerService";
    const PROOF: &str = "/blocklog.ledger.v1.ProofService";
    let on = Methods::new(stage, lies);
    on.unary(LEDGER, "GetLedgerInfo", |s, _: ()| Ok(s.get_ledger_info()))
        .unary(LEDGER, "GetBlock", |s, asked| s.get_block(asked))
        .unary(LEDGER, "ListBlocks", |s, _: ()| Ok(s.list_blocks()))
        .stream(LEDGER, "StreamBlocks", |s, _: ()| s.stream_blocks())
        .unary(LEDGER, "GetTransaction", |s, asked| {
            s.get_transaction(asked)
        })
        .stream(LEDGER, "WatchTransaction", |s, asked| {
            s.watch_transaction(asked)
        })
        .unary(LEDGER, "GetRecord", |s, asked| s.get_record(asked))
        .unary(LEDGER, "GetAccount", |s, asked| Ok(s.get_account(asked)))
        .unary(LEDGER, "ListPending", |_, _: ()| {
            Ok(proto::ledger::v1::ListPendingResponse::default())
        })
        .unary(LEDGER, "ListCandidates", |_, _: ()| {
            Ok(proto::ledger::v1::ListCandidatesResponse::default())
        })
        .unary(LEDGER, "ListMiners", |_, _: ()| {
            Ok(proto::ledger::v1::ListMinersResponse::default())
        })
        .unary(LEDGER, "ListAccountEntries", |_, _: ()| {
            Ok(proto::ledger::v1::ListAccountEntriesResponse::default())
        })
        .unary(PROOF, "GetInclusionProof", |s, asked| {
            s.get_inclusion_proof(asked)
        })
        .unary(PROOF, "GetConsistencyProof", |s, asked| {
            s.get_consistency_proof(asked)
        })
        .router
}

fn ingest(
    stage: &Arc<Stage>,
    lies: &Lies,
    sent: &Arc<Mutex<Vec<SubmitTransactionRequest>>>,
) -> Router {
    const INGEST: &str = "/blocklog.ingest.v1.IngestService";
    let sent = Arc::clone(sent);
    let on = Methods::new(stage, lies);
    on.unary(INGEST, "GetSubmissionInfo", |s, _: ()| {
        Ok(s.get_submission_info())
    })
    .unary(
        INGEST,
        "SubmitTransaction",
        move |s, asked: SubmitTransactionRequest| {
            sent.lock()
                .expect("nobody panics with it")
                .push(asked.clone());
            s.submit_transaction(asked)
        },
    )
    .router
}

fn miner(stage: &Arc<Stage>, lies: &Lies) -> Router {
    const MINER: &str = "/blocklog.miner.v1.MinerService";
    let on = Methods::new(stage, lies);
    on.unary(MINER, "GetMinerStatus", |s, _: ()| Ok(s.get_miner_status()))
        .router
}

/// The methods of a service; any other is UNIMPLEMENTED.
struct Methods {
    stage: Arc<Stage>,
    lies: Lies,
    router: Router,
}

impl Methods {
    fn new(stage: &Arc<Stage>, lies: &Lies) -> Self {
        Self {
            stage: Arc::clone(stage),
            lies: lies.clone(),
            router: tonic::service::Routes::default().into_axum_router(),
        }
    }

    fn unary<Q, A>(
        self,
        service: &str,
        method: &'static str,
        answer: impl Fn(&Stage, Q) -> Result<A, Status> + Send + Sync + 'static,
    ) -> Self
    where
        Q: Message + Default + 'static,
        A: Message + Default + 'static,
    {
        let (stage, lies, answer) = (Arc::clone(&self.stage), self.lies.clone(), Arc::new(answer));
        let handler = move |request: http::Request<Body>| {
            let (stage, lies, answer) = (Arc::clone(&stage), lies.clone(), Arc::clone(&answer));
            let service = tower::service_fn(move |request: Request<Q>| {
                let mut told = answer(&stage, request.into_inner());
                lies.tell(method, &mut told);
                std::future::ready(told.map(Response::new))
            });
            async move {
                let mut grpc = Grpc::new(ProstCodec::<A, Q>::default());
                grpc.unary(service, request).await.map(Body::new)
            }
        };
        self.route(service, method, handler)
    }

    fn stream<Q, A>(
        self,
        service: &str,
        method: &'static str,
        answer: impl Fn(&Stage, Q) -> Vec<A> + Send + Sync + 'static,
    ) -> Self
    where
        Q: Message + Default + 'static,
        A: Message + Default + 'static,
    {
        let (stage, lies, answer) = (Arc::clone(&self.stage), self.lies.clone(), Arc::new(answer));
        let handler = move |request: http::Request<Body>| {
            let (stage, lies, answer) = (Arc::clone(&stage), lies.clone(), Arc::clone(&answer));
            let service = tower::service_fn(move |request: Request<Q>| {
                let mut told = Ok(answer(&stage, request.into_inner()));
                lies.tell(method, &mut told);
                let told = told.map(|told| tokio_stream::iter(told.into_iter().map(Ok)));
                std::future::ready(told.map(Response::new))
            });
            async move {
                let mut grpc = Grpc::new(ProstCodec::<A, Q>::default());
                grpc.server_streaming(service, request).await.map(Body::new)
            }
        };
        self.route(service, method, handler)
    }

    fn route<H, T>(mut self, service: &str, method: &str, handler: H) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        let path = format!("{service}/{method}");
        self.router = self.router.route(&path, post(handler));
        self
    }
}
