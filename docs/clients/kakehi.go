// Package kakehi drives kakehi from Go: this one file, and the standard library.
//
// Written from docs/protocol.md. A Client may be used by many goroutines.
package kakehi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// progressUnreadMax is how much progress may wait for its Next before the socket is not read on. An order's
// last answer is not counted: who posts many orders and reads afterwards must get them all.
const progressUnreadMax = 1000

// Data is what an order or an answer carries.
type Data map[string]any

// Answer is one word of the proxy: PROCESSING any number of times, then OK or ERROR.
type Answer struct {
	ID       *string         `json:"id"`
	Status   string          `json:"status"`
	Message  string          `json:"message"`
	Revision uint64          `json:"revision"`
	Data     json.RawMessage `json:"data"`
	Error    struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	} `json:"error"`
}

// RefusedError says that the proxy refused an order, and changed nothing. Its code is one of docs/errors.md.
type RefusedError struct{ Answer Answer }

func (refused *RefusedError) Error() string {
	return refused.Answer.Error.Code + ": " + refused.Answer.Message
}

// Client is one connection to the command socket.
type Client struct {
	socket net.Conn
	write  sync.Mutex

	lock   sync.Mutex
	turn   *sync.Cond // something came, was read, or was lost
	orders map[string]*Order
	lastID uint64
	unread int
	lost   error
}

// Order is an order that was sent.
type Order struct {
	client  *Client
	answers []Answer
}

// Connect connects to the command socket at path.
func Connect(ctx context.Context, path string) (*Client, error) {
	socket, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	client := &Client{socket: socket, orders: map[string]*Order{}}
	client.turn = sync.NewCond(&client.lock)
	go client.read()
	return client, nil
}

// Close ends the connection. The proxy goes on with what was sent.
func (client *Client) Close() error {
	client.lose(net.ErrClosed)
	return client.socket.Close()
}

// Post sends an order without waiting for its answers. What envelope has, as in {"if_revision": 41}, stands
// beside data.
func (client *Client) Post(kind string, data Data, envelope ...Data) (*Order, error) {
	client.write.Lock()
	defer client.write.Unlock()
	client.lock.Lock()
	client.lastID++
	id, order := strconv.FormatUint(client.lastID, 10), &Order{client: client}
	client.orders[id] = order
	client.lock.Unlock()
	if data == nil {
		data = Data{}
	}
	frame := Data{"id": id, "type": kind, "data": data}
	for _, fields := range envelope {
		for name, value := range fields {
			frame[name] = value
		}
	}
	text, err := json.Marshal(frame)
	if err == nil {
		_, err = client.socket.Write(append(text, 0))
	}
	return order, err
}

// Send sends an order, and waits for its OK.
func (client *Client) Send(kind string, data Data, envelope ...Data) (Answer, error) {
	order, err := client.Post(kind, data, envelope...)
	if err != nil {
		return Answer{}, err
	}
	return order.Wait()
}

// Wait gives the OK, or a *RefusedError; progress is passed over.
func (order *Order) Wait() (Answer, error) {
	for {
		answer, err := order.Next()
		if err != nil || answer.Status == "OK" {
			return answer, err
		}
	}
}

// Next gives the next answer: progress, or the OK, behind which nothing comes. It returns a *RefusedError, or
// what ended the connection.
func (order *Order) Next() (Answer, error) {
	client := order.client
	client.lock.Lock()
	defer client.lock.Unlock()
	for len(order.answers) == 0 {
		if client.lost != nil {
			return Answer{}, client.lost
		}
		client.turn.Wait()
	}
	answer := order.answers[0]
	order.answers = order.answers[1:]
	if answer.Status == "PROCESSING" {
		client.unread--
		client.turn.Broadcast()
	}
	if answer.Status == "ERROR" {
		return answer, &RefusedError{answer}
	}
	return answer, nil
}

func (client *Client) read() {
	reader := bufio.NewReader(client.socket)
	for {
		frame, err := reader.ReadBytes(0)
		if err != nil {
			client.lose(fmt.Errorf("the connection to the proxy was lost: %w", err))
			return
		}
		frame = bytes.TrimSpace(frame[:len(frame)-1])
		if len(frame) == 0 {
			continue
		}
		var answer Answer
		if err = json.Unmarshal(frame, &answer); err == nil && answer.ID == nil {
			err = errors.New(answer.Message)
		}
		if err != nil {
			client.lose(err)
			client.socket.Close()
			return
		}
		client.deliver(answer)
	}
}

func (client *Client) deliver(answer Answer) {
	client.lock.Lock()
	defer client.lock.Unlock()
	order, found := client.orders[*answer.ID]
	if !found {
		return
	}
	if answer.Status == "PROCESSING" {
		client.unread++
	} else {
		delete(client.orders, *answer.ID)
	}
	order.answers = append(order.answers, answer)
	client.turn.Broadcast()
	for client.unread >= progressUnreadMax && client.lost == nil {
		client.turn.Wait()
	}
}

func (client *Client) lose(err error) {
	client.lock.Lock()
	defer client.lock.Unlock()
	if client.lost == nil {
		client.lost = err
	}
	client.turn.Broadcast()
}

// Event is something that happened; All has its other fields, too.
type Event struct {
	Sequence uint64 `json:"sequence"`
	Name     string `json:"event"`
	All      json.RawMessage
}

// Follow calls each with what happens behind the event since (0 for all that is kept), over as many
// connections as it takes, until each returns false or ctx is done. A GAP says that some events were missed:
// then look at the configuration anew.
func Follow(ctx context.Context, path string, since uint64, each func(Event) bool) error {
	for {
		client, err := Connect(ctx, path)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { client.Close() })
			var done bool
			done, err = follow(client, &since, each)
			stop()
			client.Close()
			if done {
				return nil
			}
		}
		var refused *RefusedError
		if errors.As(err, &refused) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func follow(client *Client, since *uint64, each func(Event) bool) (bool, error) {
	order, err := client.Post("SUBSCRIBE_EVENTS", Data{"since": *since})
	for err == nil {
		var answer Answer
		if answer, err = order.Next(); err != nil {
			break
		}
		event := Event{All: answer.Data}
		if err = json.Unmarshal(answer.Data, &event); err != nil {
			break
		}
		*since = event.Sequence
		if !each(event) {
			return true, nil
		}
	}
	return false, err
}
