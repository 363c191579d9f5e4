using Flotilla.Storage.Etcd.Members;
using Flotilla.Storage.Etcd.Wire;

namespace Flotilla.Storage.Etcd.Upkeep;

/// <summary>What etcd itself can do about its space.</summary>
internal sealed class EtcdSpace(EtcdCluster cluster)
{
    /// <summary>Whether a member has reached its quota, so that the cluster takes no writes until <see cref="DisarmAsync"/>.</summary>
    public async Task<bool> IsFullAsync(CancellationToken cancellationToken) => (await AlarmsAsync(cancellationToken)).Any();

    /// <summary>There is space again.</summary>
    public async Task DisarmAsync(CancellationToken cancellationToken)
    {
        foreach (var alarm in await AlarmsAsync(cancellationToken))
        {
            var request = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Deactivate, MemberID = alarm.MemberID, Alarm = alarm.Alarm };
            await cluster.Connection.CallAsync((member, call) => member.Maintenance.AlarmAsync(request, call), cancellationToken);
        }
    }

    /// <summary>Gives what a member's database no longer needs back to its disk; meanwhile it answers nothing.</summary>
    /// <exception cref="StorageException">It fails, or takes longer than it may.</exception>
    public Task DefragmentAsync(EtcdMember member, TimeSpan timeout, CancellationToken cancellationToken) =>
        cluster.DirectAsync(member.ClientAddresses[0], (endpoint, call) => endpoint.Maintenance.DefragmentAsync(new DefragmentRequest(), call), timeout, cancellationToken);

    private async Task<IEnumerable<AlarmMember>> AlarmsAsync(CancellationToken cancellationToken)
    {
        var request = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Get };
        var answer = (await cluster.Connection.CallAsync((member, call) => member.Maintenance.AlarmAsync(request, call), cancellationToken)).Answer;
        return answer.Alarms.Where(alarm => alarm.Alarm == AlarmType.Nospace);
    }
}
