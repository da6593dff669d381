package org.deft4j.engine.chat;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The syntax tree of a template: statements and expressions. */
sealed interface Node {
  // --- statements ---

  record Text(String text) implements Node {}

  record Print(Node value, int line) implements Node {}

  record If(List<Branch> branches, int line) implements Node {}

  /** A branch; its condition is null for {@code else}. */
  record Branch(@Nullable Node condition, List<Node> body) {}

  record For(
      List<String> names,
      Node items,
      @Nullable Node filter,
      List<Node> body,
      List<Node> otherwise,
      int line)
      implements Node {}

  /** Assigns to names, or to an attribute of a namespace. */
  record Set(List<String> names, @Nullable String attribute, Node value, int line)
      implements Node {}

  record SetBlock(String name, List<Node> body) implements Node {}

  record Macro(String name, List<String> names, List<@Nullable Node> defaults, List<Node> body)
      implements Node {}

  record Body(List<Node> body) implements Node {}

  record Break() implements Node {}

  record Continue() implements Node {}

  // --- expressions ---

  record Literal(Object value) implements Node {}

  record Name(String name, int line) implements Node {}

  record ListOf(List<Node> items) implements Node {}

  record MapOf(List<Node> keys, List<Node> values) implements Node {}

  record Unary(String operator, Node value, int line) implements Node {}

  record Binary(String operator, Node left, Node right, int line) implements Node {}

  record Choice(Node condition, Node then, @Nullable Node otherwise) implements Node {}

  record Attribute(Node of, String name, int line) implements Node {}

  record Index(Node of, Node index, int line) implements Node {}

  record Slice(Node of, @Nullable Node from, @Nullable Node to, @Nullable Node step, int line)
      implements Node {}

  record Call(Node callee, List<Node> arguments, List<String> names, List<Node> named, int line)
      implements Node {}

  record Filter(
      Node value, String name, List<Node> arguments, List<String> names, List<Node> named, int line)
      implements Node {}

  record Test(Node value, String name, List<Node> arguments, int line) implements Node {}
}
