/* An HTTP server and three clients in Node.js: libuv's epoll and non-blocking connect. */
"use strict";

const http = require("node:http");

const server = http.createServer((request, response) => response.end(request.url));

server.listen(0, "127.0.0.1", () => {
	const { port } = server.address();
	let left = 3;

	for (let i = 0; i < 3; i++) {
		http.get({ port, host: "127.0.0.1", path: `/${i}`, agent: false }, (response) => {
			response.resume();
			response.on("end", () => {
				if (--left === 0)
					server.close();
			});
		});
	}
});

setTimeout(() => process.exit(1), 8000).unref();
