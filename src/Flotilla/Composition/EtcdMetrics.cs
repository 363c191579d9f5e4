using Flotilla.Client.Metrics;
using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Composition;

/// <summary>The members of etcd as series; without a report there are none but the quota.</summary>
internal static class EtcdMetrics
{
    public static void Write(MetricsText text, ClusterReport? report, long quotaBytes)
    {
        text.Family("flotilla_etcd_quota_bytes", "gauge", "How large etcd's database may become before it takes no more writes.");
        text.Sample("flotilla_etcd_quota_bytes", quotaBytes);
        if (report is null)
        {
            return;
        }

        text.Family("flotilla_etcd_has_quorum", "gauge", "Whether enough members of etcd answer for anything to be written.");
        text.Sample("flotilla_etcd_has_quorum", report.HasQuorum ? 1 : 0);
        Family("flotilla_etcd_member_healthy", "Whether a member of etcd answers and follows a leader.", member => member.IsHealthy ? 1 : 0);
        Family("flotilla_etcd_member_leads", "Whether a member of etcd is its leader.", member => member.IsLeader ? 1 : 0);
        Family("flotilla_etcd_member_database_bytes", "Size of a member's database on its disk.", member => member.Status?.DatabaseBytes);
        Family("flotilla_etcd_member_in_use_bytes", "What of it a defragmentation would leave.", member => member.Status?.BytesInUse);

        void Family(string name, string help, Func<EtcdMember, double?> valueOf)
        {
            text.Family(name, "gauge", help);
            foreach (var member in report.Members)
            {
                if (valueOf(member) is { } value)
                {
                    text.Sample(name, value, ("member", member.Title));
                }
            }
        }
    }
}
