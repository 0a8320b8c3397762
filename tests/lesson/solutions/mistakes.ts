/** Mistakes that students make, and what the checks of the exercises say to them.
 * @module */

/** A mistake that students make: its name, the solution, what is changed in it, and what the check says. */
export type Mistake = [
  name: string,
  solution: string,
  changes: [from: string, to: string][],
  told: string,
];

const NO_CLOSE: [string, string][] = [["using client", "const client"]];
const KEEP_ALL: [string, string][] = [
  ["# 4. Address", "clients = []\n# 4. Address"],
  ["    client.close()", "    clients.append(client)"],
];
const CAUGHT = "(OSError, UnicodeDecodeError)";

/** What begins every loop over clients in Python. */
const LOOP = "while True:\n    # 6. Accept";

export const MISTAKES: Mistake[] = [
  // 1. The server
  [
    "keeps its connections",
    "1.py",
    KEEP_ALL,
    'Client 1 sent "21" and got "42". The server should close its connection at the latest when the next client has been answered, and did not.',
  ],
  ["closes no connection", "1.ts", NO_CLOSE, "should close its connection"],
  [
    "serves one client only",
    "1.py",
    [[LOOP, "if True:\n    # 6. Accept"]],
    "It has ended, with exit status 0.",
  ],
  [
    "ends with status 0 after its usage",
    "1.py",
    [["sys.exit(1)", "sys.exit()"]],
    'Started with no argument, it should print "Usage: … <server number>. For further information check readme file" and end with exit status 1.',
  ],
  [
    "takes 1.5 for a server number",
    "1.ts",
    [["!integer.test(Deno.args[0])", "isNaN(parseInt(Deno.args[0]))"]],
    'Started with 1.5, it should print "Invalid argument. Please provide an integer." and end with exit status 1.',
  ],
  [
    "doubles a floating-point number",
    "1.ts",
    [["String(2n * BigInt(text))", "String(2 * Number(text))"]],
    'sent "9007199254740993". It should get "18014398509481986", and got "18014398509481984".',
  ],
  [
    "takes isdigit for a parser",
    "1.py",
    [[
      "reply = str(2 * int(text))",
      "reply = str(2 * int(text if text.isdigit() else ''))",
    ]],
    'sent "-4". It should get "-8", and got "Received data is not valid integer".',
  ],
  [
    "does not print what it receives",
    "1.py",
    [['        print(f"Received from client: {text}")\n', ""]],
    'The server should print "Received from client: 21".',
  ],
  // 2. The client
  [
    "prompts without the blank",
    "2.py",
    [["terminate): ", "terminate):"]],
    'When it starts, it should print the prompt "Enter number to calculate: (or write exit to terminate): ", and printed "Enter number to calculate: (or write exit to terminate):".',
  ],
  [
    "uses one socket for all numbers",
    "2.py",
    [
      ["while True:", "client = None\nwhile True:"],
      [
        "with socket.create_connection(address) as client:",
        "client = client or socket.create_connection(address)\n        if client:",
      ],
    ],
    '"22" was typed. The client should connect to one of the servers, and did not. It used the connection of the line before again, and each line needs one of its own.',
  ],
  [
    "knows exit in small letters only",
    "2.py",
    [["text.lower()", "text"]],
    '"eXit" was typed. The client should end, with exit status 0 and without another line.',
  ],
  [
    "always asks the same server",
    "2.py",
    [["random.choice(servers)", "servers[0]"]],
    "it never asked Server 127.0.0.1:9002 and Server 127.0.0.1:9003.",
  ],
  [
    "asks two servers at once",
    "2.py",
    [[
      "            # 7. Send",
      "            socket.create_connection(servers[0]).close()\n            # 7. Send",
    ]],
    "A line should go to one server, and this one went to Server 127.0.0.1:9001, too.",
  ],
  [
    "sends the line end",
    "2.py",
    [["text.encode()", 'f"{text}\\n".encode()']],
    'should get just that, and got "21\\n".',
  ],
  [
    "survives a refusal, but no reset",
    "2.py",
    [["except OSError", "except ConnectionRefusedError"]],
    "reset the connection. The client should print",
  ],
  [
    "survives a reset, but no refusal",
    "2.py",
    [["except OSError", "except ConnectionResetError"]],
    '"99" was typed while no server was listening. The client should print "Failed to connect to Server 127.0.0.1:9001 with error " with what the error is',
  ],
  [
    "closes no connection",
    "2.ts",
    NO_CLOSE,
    "The client should have closed its connection to Server 127.0.0.1:900",
  ],
  [
    "waits for more input after exit",
    "2.ts",
    [["Deno.exit();", ""]],
    '"eXit" was typed. The client should end, with exit status 0',
  ],
  // 3. Another operation
  [
    "takes split for a parser",
    "3.py",
    [
      ['if text.startswith("square ")', 'if text.split()[0] == "square"'],
      ['text[len("square "):]', "text.split()[1]"],
      [
        "except ValueError:\n            reply",
        "except (ValueError, IndexError):\n            reply",
      ],
    ],
    'sent "square 7 8". It should get "Received data is not valid integer", and got "49".',
  ],
  [
    "ends where there is no operand",
    "3.py",
    [
      ['if text.startswith("square ")', 'if text.split()[0] == "square"'],
      ['text[len("square "):]', "text.split()[1]"],
    ],
    "IndexError: list index out of range",
  ],
  [
    "squares a floating-point number",
    "3.py",
    [["operand * operand", "int(float(operand) ** 2)"]],
    'sent "square 12345678901". It should get "152415787526596567801"',
  ],
  [
    "does not double any more",
    "3.py",
    [[
      "reply = str(2 * int(text))",
      'reply = "Received data is not valid integer"',
    ]],
    'sent "7". It should get "14", and got "Received data is not valid integer".',
  ],
  [
    "looks for the word anywhere",
    "3.ts",
    [
      ['text.startsWith("square ")', 'text.includes("square")'],
      ['text.slice("square ".length)', 'text.replace("square", "")'],
    ],
    'sent "7 square". It should get "Received data is not valid integer", and got "49".',
  ],
  ["closes no connection", "3.ts", NO_CLOSE, "should close its connection"],
  // 4. A length first
  [
    "takes one read for a message",
    "4.py",
    [["receive_exactly(client, size).decode", "client.recv(size).decode"]],
    'sent the 4 bytes [0, 4, 49, 50] ("··12") and then "34". It should get the 6 bytes [0, 4, 50, 52, 54, 56] ("··2468"), and got the 4 bytes [0, 2, 50, 52] ("··24")',
  ],
  [
    "expects the lower byte first",
    "4.py",
    [['2), "big"', '2), "little"']],
    'Client 1 sent the 4 bytes [0, 2, 50, 49] ("··21"). It should get the 4 bytes [0, 2, 52, 50] ("··42"), and got nothing for 3 seconds.',
  ],
  [
    "counts characters",
    "4.py",
    [[
      "while len(data) < size",
      'while len(data.decode(errors="ignore")) < size',
    ]],
    'sent the 8 bytes [0, 6, 122, 119, 195, 182, 108, 102] ("··zwölf"). It should get',
  ],
  [
    "ends with a client that leaves in the middle",
    "4.py",
    [[CAUGHT, "UnicodeDecodeError"]],
    "ConnectionError: it left in the middle of a message",
  ],
  [
    "sends a length of 0 before too long a reply",
    "4.ts",
    [[" && double.length <= 65_535", ""]],
    "and got the 65538 bytes [0, 0, 49, 57",
  ],
  // 5. Many numbers
  [
    "answers one line of a read",
    "5.py",
    [["for line in lines", "for line in lines[:1]"]],
    'Client 1 sent "21\\n", got "42\\n", sent "abc\\n", got "Received data is not valid integer\\n" and sent "1\\n2\\n3\\n". It should get "2\\n4\\n6\\n", and got "2\\n" and then nothing for 3 seconds.',
  ],
  [
    "forgets half a line",
    "5.py",
    [["unread += data", "unread = data"]],
    'sent "4" and then "2\\n". It should get "84\\n", and got "4\\n".',
  ],
  [
    "ends its replies with nothing",
    "5.py",
    [["{reply}\\n", "{reply}"]],
    'It should get "42\\n", and got "42" and then nothing for 3 seconds.',
  ],
  [
    "closes after the first number",
    "5.py",
    [["while data :=", "if data :="]],
    'Client 1 sent "21\\n", got "42\\n" and sent "abc\\n". It should get "Received data is not valid integer\\n", and got nothing before the connection was ',
  ],
  [
    "keeps half a line for the next client",
    "5.py",
    [['        unread = b""\n', ""], [LOOP, `unread = b""\n${LOOP}`]],
    'Client 2 sent "7\\n". It should get "14\\n", and got "174\\n".',
  ],
  [
    "ends with a client that resets",
    "5.py",
    [[CAUGHT, "UnicodeDecodeError"]],
    "ConnectionResetError",
  ],
  ["closes no connection", "5.ts", NO_CLOSE, "should close its connection"],
  // 6. Many clients
  [
    "makes a thread for nobody",
    "6.py",
    [["target=handle, args=(client,)", "target=handle(client)"]],
    'Client 6, after 5 silent ones, sent "21". It should get "42", and got nothing for 3 seconds.',
  ],
  [
    "runs a thread that it has not started",
    "6.py",
    [[".start()", ".run()"]],
    "Client 6, after 5 silent ones,",
  ],
  ["keeps its connections", "6.py", KEEP_ALL, "should close its connection"],
  [
    "awaits each client",
    "6.ts",
    [["handle(client);", "await handle(client);"]],
    "Client 6, after 5 silent ones,",
  ],
  [
    "ends with a client that has gone before it was accepted",
    "6.ts",
    [["    // It had gone before it was accepted\n", "    throw error;\n"]],
    "It has ended, with exit status 1.",
  ],
  [
    "ends with a client that resets",
    "6.ts",
    [[
      "  } catch (error) {\n    console",
      "  } catch (error) {\n    throw error;\n    console",
    ]],
    "It has ended, with exit status 1.",
  ],
  // 7. A silent client
  [
    "limits the time of the wrong socket",
    "7.py",
    [["client.settimeout", "server.settimeout"]],
    "Client 2 connected, and sent nothing. The server should close its connection after a second, and did not.",
  ],
  [
    "takes seconds for milliseconds",
    "7.py",
    [["settimeout(1)", "settimeout(1000)"]],
    "The server should close its connection after a second, and did not.",
  ],
  [
    "has too little patience",
    "7.ts",
    [["1000);", "500);"]],
    "The server should close its connection after a second, and did after",
  ],
  [
    "ends with a silent client",
    "7.py",
    [['print("The client was silent for a second")', "break"]],
    "Client 3, after a silent one, could not connect.\nIt has ended, with exit status 0.",
  ],
  [
    "leaves the timer running",
    "7.ts",
    [[".finally(() => clearTimeout(timer))", ""]],
    "BadResource",
  ],
  // 8. A whole reply
  [
    "takes one long read for the reply",
    "8.py",
    [["while piece := client.recv(1024)", "if piece := client.recv(65_536)"]],
    'replied "4" and then "4". The client should print "connected to Server',
  ],
  [
    "takes less than 1024 bytes for the end",
    "8.py",
    [
      [
        "data += piece",
        "data += piece\n                if len(piece) < 1024:\n                    break",
      ],
    ],
    '"22" was typed, and Server 127.0.0.1:900',
  ],
  [
    "takes 1024 bytes of a reply",
    "8.py",
    [["{reply}", "{reply[:1024]}"]],
    "The client should print",
  ],
  [
    "shows half a reply",
    "8.ts",
    [[
      "await client.read(buffer)",
      "await client.read(buffer).catch(() => null)",
    ]],
    'reset the connection after it had sent "4". The client should print "Failed to connect',
  ],
  [
    "ends with a server that closes without a reply",
    "8.py",
    [[
      'print(f"Received',
      'if reply == "":\n                break\n            print(f"Received',
    ]],
    "closed the connection without a reply. The client should print",
  ],
];
