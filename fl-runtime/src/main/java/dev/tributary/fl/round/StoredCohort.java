// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.ledger.OpenRound;
import dev.tributary.fl.message.Message;
import java.util.List;

/** A round's answers where they are stored. */
final class StoredCohort implements Cohort {
  private final int round;
  private final int clients;
  private final List<Member> members;
  private final List<Message> answers; // their headers; tensors stay on disk

  StoredCohort(int round, int clients, List<Member> members, OpenRound open) {
    this.round = round;
    this.clients = clients;
    this.members = List.copyOf(members);
    this.answers = members.stream().map(member -> open.update(member.client())).toList();
  }

  @Override
  public int round() {
    return round;
  }

  @Override
  public int clients() {
    return clients;
  }

  @Override
  public List<Member> members() {
    return members;
  }

  @Override
  public Tensor tensor(int member, String part, String name) {
    return answers.get(member).tensor(part, name);
  }
}
