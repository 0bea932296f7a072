from __future__ import annotations


def says(place):
    return {w.what: w.says for w in place.cluster.witnesses(place.claim)}


def test_while_pods_use_a_volume_every_witness_says_so(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    place.until(lambda: "detached" not in says(place).values(), "the attachment")
    pods = next(w for w in cluster.witnesses(place.claim) if w.what == "pods")
    assert place.workload.name in pods.detail


def test_when_the_last_pod_has_gone_they_agree_after_a_while_that_it_is_free(place, cluster):
    cluster.suspend(place.sync_of(place.sync))
    assert says(place)["pods"] == "attached"
    cluster.scale(place.workload, was=1, to=0)
    place.until(lambda: says(place)["pods"] == "detached", "the pods' end")
    place.until(lambda: "attached" not in says(place).values(), "the detachment")
    assert {"pods", "attachment", "node"} <= set(says(place))


def test_a_sync_that_still_reads_it_keeps_it_attached(place, cluster):
    cluster.scale(place.workload, was=1, to=0)
    place.until(lambda: cluster.workload(place.workload).ready == 0, "the pod's end")
    place.until(lambda: len(cluster.pods_using(place.claim)) == 1, "the pod's end")
    assert says(place)["pods"] == "attached"
